// A sign-in provider on loopback: npm's oidc-provider with two accounts, of which one has a group that nayose knows.
//
// In: a port, and where nayose sends people back from. Out: a line once it listens. PKCE is required, as of a public client.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [port, back] = process.argv.slice(2);
// The package lies where the variable says, not beside this file.
const from = createRequire(process.env.NAYOSE_OIDC_MODULES + "/package.json");
const { Provider } = await import(pathToFileURL(from.resolve("oidc-provider")).href);

const groups = { "k.tanaka": ["nayose-audit", "canteen"], "m.sato": ["canteen"] };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "nayose",
      client_secret: process.env.NAYOSE_OIDC_SECRET,
      redirect_uris: [back],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["preferred_username"], groups: ["groups"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: `id-of-${id}`, preferred_username: id, groups: groups[id] ?? [] }),
  }),
  cookies: { keys: ["only for this test"] },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
