// The page of a variant: rows come as nodes answer, each into its own place; a text for
// a report is copied.  Without this, the page waits for all, and shows the same.

const SILENCE = 3000; // until something comes at all: a proxy may keep it back
const BETWEEN = 10000; // between two signs of life

const table = document.getElementById("verdicts");
const lead = document.getElementById("lead");
const tail = document.getElementById("tail");

function parsed(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

function follow(address, waiting) {
  const source = new EventSource(address);
  let clock;

  const end = () => {
    clearTimeout(clock);
    source.close(); // or it would ask again
  };
  const wait = () => {
    end();
    location.replace(waiting);
  };
  const heard = () => {
    clearTimeout(clock);
    clock = setTimeout(wait, BETWEEN);
  };
  const show = (event) => {
    const said = JSON.parse(event.data);
    for (const [place, html] of said.nodes) {
      document.getElementById(place)?.replaceWith(parsed(html));
    }
    lead.replaceChildren(parsed(said.lead));
    return said;
  };

  clock = setTimeout(wait, SILENCE);
  source.addEventListener("begin", heard);
  source.addEventListener("beat", heard);
  source.addEventListener("node", (event) => {
    heard();
    show(event);
  });
  source.addEventListener("done", (event) => {
    end();
    tail.replaceChildren(parsed(show(event).tail));
    table.removeAttribute("data-events");
    ready();
  });
  source.addEventListener("refused", wait);
  source.addEventListener("error", wait);
  addEventListener("pagehide", end);
  // Come back to before all was there: nothing would come any more.
  addEventListener("pageshow", (event) => {
    if (event.persisted && table.dataset.events) location.reload();
  });
}

function text(id) {
  const element = document.getElementById(id);
  return (element.content ?? element).textContent;
}

async function copy(event) {
  const link = event.currentTarget;
  if (!navigator.clipboard) return; // the link leads to the same as plain text
  event.preventDefault();
  const said = document.getElementById("taken");
  try {
    await navigator.clipboard.writeText(text(link.dataset.copies));
    said.textContent = said.dataset.copied;
  } catch {
    location.assign(link.href);
  }
}

function save(event) {
  const link = event.currentTarget;
  const rows = text(link.dataset.saves).replace(/\r?\n/g, "\r\n"); // HTML has \n alone
  const bytes = new Blob(["\ufeff", rows], { type: "text/csv" });
  const kept = document.createElement("a");
  kept.href = URL.createObjectURL(bytes);
  kept.download = link.download;
  kept.click();
  setTimeout(() => URL.revokeObjectURL(kept.href), 60000);
  event.preventDefault();
}

function ready() {
  for (const link of tail.querySelectorAll("[data-copies]")) {
    link.addEventListener("click", copy);
  }
  for (const link of tail.querySelectorAll("[data-saves]")) {
    link.addEventListener("click", save);
  }
  for (const button of tail.querySelectorAll("[data-prints]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

if (table?.dataset.events) {
  follow(table.dataset.events, table.dataset.waiting);
} else if (tail) {
  ready();
}
