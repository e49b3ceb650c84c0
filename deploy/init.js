// Makes the three members a set, and its users; run again, it updates their rights.
// It speaks to mongo1 as localhost, which may do so while there is no user yet.
const secret = (name) => fs.readFileSync(`/run/secrets/${name}`, "utf8").trim();
const members = ["mongo1:27017", "mongo2:27017", "mongo3:27017"];
const password = secret("mongo_admin_password");

function isReady() {
  try {
    return db.getSiblingDB("admin").auth("admin", password).ok === 1;
  } catch (error) {
    return false;
  }
}

function add(name, password, roles) {
  db.getSiblingDB("admin").createUser({ user: name, pwd: password, roles });
}

if (!isReady()) {
  const hosts = members.map((host, number) => ({ _id: number, host }));
  try {
    rs.initiate({ _id: "beacon", members: hosts });
  } catch (error) {
    if (error.codeName !== "AlreadyInitialized") throw error;
  }
  while (!db.hello().isWritablePrimary) sleep(500);
  add("admin", password, ["root"]);
  db.getSiblingDB("admin").auth("admin", password);
}
db.getMongo().setReadPref("primaryPreferred");
load("/deploy/users.js");
