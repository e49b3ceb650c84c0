// On every page: "/" goes to the box, Escape empties it.  All else works without.

// Scout's and the Beacon Network's links keep their question behind the "#".
const linked = location.hash.match(/^#\/search\?(.+)/);
if (linked) location.replace(`${location.pathname}?${linked[1]}`);

const box = document.getElementById("q");

function isTyping(element) {
  return (
    element instanceof HTMLElement &&
    (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName))
  );
}

if (box) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !isTyping(event.target)) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (event.key === "Escape" && event.target === box) {
      box.value = "";
    }
  });
}
