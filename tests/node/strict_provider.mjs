// An OAuth provider that is as strict as they come: PKCE enforced, refresh tokens that rotate and whose reuse ends the
// grant, revocation, access tokens of a few seconds. Reads JSON lines, each answered by one: the first starts it, the
// rest are what a test does to it or reads from its books. Ends when its input ends.
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

// Its notices would come between our answers.
console.info = console.error;

let provider;
let lifetime = 3600;
const redirectUris = new Set();
const grants = new Map();
const books = { codes: 0, refreshes: 0, refreshesRefused: 0, revocations: 0, served: {}, refused: 0 };

const commands = {
  async start({ port, clientId, clientSecret }) {
    const configuration = {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          client_name: "Toolgate",
          redirect_uris: ["http://127.0.0.1/unused"],
          grant_types: ["authorization_code", "refresh_token"],
        },
      ],
      claims: { email: ["email", "email_verified"], profile: ["name"] },
      // The default forgives 15 seconds, which hides short lives.
      clockTolerance: 0,
      cookies: { keys: ["only for tests"] },
      features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
      findAccount: (_ctx, id) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          email: `${id}@example.com`,
          email_verified: !id.startsWith("unverified"),
          name: id[0].toUpperCase() + id.slice(1),
        }),
      }),
      issueRefreshToken: (_ctx, _client, code) => code.scopes.has("offline_access"),
      pkce: { required: () => true },
      rotateRefreshToken: true,
      scopes: ["openid", "email", "profile", "offline_access"],
      ttl: { AccessToken: () => lifetime, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 600 },
    };
    provider = new Provider(`http://127.0.0.1:${port}`, configuration);
    provider.Client.prototype.redirectUriAllowed = (uri) => redirectUris.has(uri);
    provider.on("grant.success", (ctx) => note(ctx.oidc));
    provider.on("grant.error", (ctx) => {
      if (ctx.oidc.params?.grant_type === "refresh_token") books.refreshesRefused += 1;
    });
    provider.on("grant.revoked", () => (books.revocations += 1));
    provider.use(count);
    await new Promise((resolve) => provider.listen(port, "127.0.0.1", resolve));
  },
  async redirect({ uri }) {
    redirectUris.add(uri);
  },
  async lifetime({ seconds }) {
    lifetime = seconds;
  },
  async revoke({ person }) {
    for (const id of grants.get(person) ?? []) {
      await (await provider.Grant.find(id))?.destroy();
      await provider.RefreshToken.revokeByGrantId(id);
      await provider.AccessToken.revokeByGrantId(id);
    }
    grants.delete(person);
  },
  async revocation() {
    if (books.revocations === 0) await new Promise((resolve) => provider.once("grant.revoked", resolve));
  },
  async books() {
    return books;
  },
};

function note({ params, entities }) {
  const { accountId, grantId } = entities.AccessToken ?? entities.RefreshToken ?? entities.AuthorizationCode;
  grants.set(accountId, (grants.get(accountId) ?? new Set()).add(grantId));
  books[params.grant_type === "refresh_token" ? "refreshes" : "codes"] += 1;
}

async function count(ctx, next) {
  await next();
  if (ctx.path !== "/me") return;
  if (ctx.status !== 200) books.refused += 1;
  else books.served[ctx.body.sub] = (books.served[ctx.body.sub] ?? 0) + 1;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  console.log(JSON.stringify((await commands[command](rest)) ?? {}));
}
process.exit(0);
