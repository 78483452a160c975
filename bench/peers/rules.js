// The five rules of bench/rules, as an author of Auth0 Rules would have written them.
const NAMESPACE = "https://example.com/";
const ROLES = { admin: "administrator", staff: "employee", guest: "visitor" };
const STAFF = ["example.com", "example.org"];

const rules = [
  function permissions(user, context) {
    context.idToken[NAMESPACE + "permissions"] = user.permissions || [];
    context.idToken[NAMESPACE + "plan"] = user.app_metadata.plan || "free";
  },
  function roles(user, context) {
    const mapped = (user.app_metadata.roles || []).map((role) => ROLES[role] || role);
    context.idToken[NAMESPACE + "roles"] = mapped;
    context.accessToken[NAMESPACE + "roles"] = mapped;
  },
  function domain(user, context) {
    const name = user.email.slice(user.email.lastIndexOf("@") + 1).toLowerCase();
    context.idToken[NAMESPACE + "staff"] = STAFF.includes(name);
  },
  function readable(user, context) {
    const permissions = user.permissions || [];
    context.accessToken[NAMESPACE + "readable"] = permissions
      .filter((permission) => permission.startsWith("read:"))
      .map((permission) => permission.slice(5));
  },
  function country(user, context) {
    const found = /^([a-z]+)[.]([a-z]+)@/.exec(user.email);
    if (found) context.idToken[NAMESPACE + "initials"] = found[1][0] + found[2][0];
    const geo = context.request.geoip || {};
    context.idToken[NAMESPACE + "country"] = geo.country_code || "unknown";
  },
];

function run(text) {
  const { user, context } = JSON.parse(text);
  for (const rule of rules) rule(user, context);
  return JSON.stringify({ idToken: context.idToken, accessToken: context.accessToken });
}
