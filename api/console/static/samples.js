// Logins to try a rule with, where none was recorded yet. Persons and addresses are made up (RFC 2606).

const ANN = {
  user_id: "auth0|5f7c8ec7c33c6c004bbafe82", email: "ann@example.com", email_verified: true, name: "Ann Example",
  app_metadata: { roles: ["editor"] }, user_metadata: { language: "en" },
};
const WEB = { clientID: "web", clientName: "Web shop", connection: "Username-Password-Authentication" };
const FROM = { ip: "192.0.2.7", userAgent: "Mozilla/5.0", geoip: { country_code: "DE" } };

/** By what they are called. */
export const SAMPLES = {
  "Authorization code": {
    user: ANN,
    context: { ...WEB, protocol: "oidc-basic-profile", stats: { loginsCount: 12 },
      request: { ...FROM, query: { scope: "openid profile", response_type: "code" } }, idToken: {}, accessToken: {} },
  },
  "Password grant": {
    user: { ...ANN, permissions: ["read:orders"] },
    context: { ...WEB, protocol: "oauth2-password", request: { ...FROM, query: {}, body: { grant_type: "password", scope: "openid" } }, idToken: {}, accessToken: {} },
  },
  "Refresh of a token": {
    user: ANN,
    context: { ...WEB, protocol: "oauth2-refresh-token", request: { ...FROM, query: {}, body: { grant_type: "refresh_token" } }, idToken: {}, accessToken: {} },
  },
  "Client credentials, without a user": {
    user: null,
    context: { clientID: "nightly-export", clientName: "Nightly export", protocol: "oauth2-client-credentials", request: { ...FROM, query: {} }, accessToken: { scope: ["read:orders"] } },
  },
  "An email that is not verified": {
    user: { user_id: "auth0|new", email: "new@example.com", email_verified: false, name: "New Person" },
    context: { ...WEB, protocol: "oidc-basic-profile", stats: { loginsCount: 1 }, request: { ...FROM, query: { scope: "openid" } }, idToken: {}, accessToken: {} },
  },
  "A login by another provider": {
    user: { user_id: "google-oauth2|1080", email: "ann@example.com", email_verified: true, name: "Ann Example",
      identities: [{ provider: "google-oauth2", user_id: "1080", connection: "google-oauth2", isSocial: true }] },
    context: { clientID: "web", clientName: "Web shop", connection: "google-oauth2", protocol: "oidc-basic-profile", stats: { loginsCount: 3 },
      request: { ...FROM, query: { scope: "openid profile" } }, idToken: {}, accessToken: {} },
  },
};
