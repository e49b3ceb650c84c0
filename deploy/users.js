// The users of the beacon's database; run again, it brings their rights up to date.
// What each may do is in roles.json, which a test gives to a real mongod.
const rights = JSON.parse(fs.readFileSync("/deploy/roles.json", "utf8"));
const admin = db.getSiblingDB("admin");
const words = (name) => fs.readFileSync(`/run/secrets/mongo_${name}_password`, "utf8").trim();

const privileges = rights.serve.map(({ collection, actions }) => (
  { resource: { db: "beacon", collection }, actions }
));
if (admin.getRole("beacon_serve") === null) {
  admin.createRole({ role: "beacon_serve", privileges, roles: [] });
} else {
  admin.updateRole("beacon_serve", { privileges, roles: [] });
}
const roles = {
  serve: ["beacon_serve"],
  load: [{ role: "readWrite", db: "beacon" }],
};
for (const name of Object.keys(roles)) {
  if (admin.getUser(name) === null) {
    admin.createUser({ user: name, pwd: words(name), roles: roles[name] });
  }
}
