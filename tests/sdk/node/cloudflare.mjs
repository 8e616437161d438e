// Cloudflare's official TypeScript SDK drives all ten methods; only its token and its base URL are changed.
// Started by test_cloudflare_typescript.py with the address of people's door and a token.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [modules, baseURL, apiToken] = process.argv.slice(2);
const Cloudflare = createRequire(`${modules}/`)("cloudflare");
const client = new Cloudflare({ apiToken, baseURL, maxRetries: 0 });
const routes = client.aiGateway.dynamicRouting;
const account = { account_id: "account" };
const place = { ...account, gateway_id: "gateway" };

const elements = (model) => [
  { id: "start", type: "start", outputs: { next: { elementId: "model" } } },
  {
    id: "model",
    type: "model",
    properties: { provider: "mock", model, timeout: 5000, retries: 0 },
    outputs: { success: { elementId: "end" }, fallback: { elementId: "end" } },
  },
  { id: "end", type: "end", outputs: {} },
];

const route = await routes.create("gateway", { ...account, name: "typescript", elements: elements("first") });
assert.deepEqual(route.elements, elements("first"));
assert.equal(route.version.active, "true");
assert.equal((await routes.get(route.id, place)).id, route.id);
const listed = await routes.list("gateway", { ...account, per_page: 1000 });
assert.ok(listed.data.routes.some((one) => one.id === route.id));
await routes.createVersion(route.id, { ...place, elements: elements("second") });
assert.equal((await routes.getVersion("2", { ...place, id: route.id })).is_valid, true);
const versions = await routes.listVersions(route.id, place);
assert.deepEqual(versions.data.versions.map((version) => version.active), ["false", "true"]);
await routes.createDeployment(route.id, { ...place, version_id: "2" });
const deployments = await routes.listDeployments(route.id, place);
assert.deepEqual(deployments.data.deployments.map((deployment) => deployment.version_id), ["2", "1"]);
assert.equal((await routes.update(route.id, { ...place, name: "renamed" })).route.name, "renamed");

await assert.rejects(routes.getVersion("9", { ...place, id: route.id }), Cloudflare.NotFoundError);
await assert.rejects(routes.create("gateway", { ...account, name: "renamed", elements: elements("x") }), Cloudflare.ConflictError);
await assert.rejects(routes.create("gateway", { ...account, name: "bad", elements: [] }), Cloudflare.BadRequestError);
const stranger = new Cloudflare({ apiToken: "nobody's", baseURL, maxRetries: 0 }).aiGateway.dynamicRouting;
await assert.rejects(stranger.get(route.id, place), Cloudflare.AuthenticationError);

assert.equal((await routes.delete(route.id, place)).id, route.id);
console.log("done");
