// An independent OAuth server for one client, on a port of this machine: `node server.mjs PORT CLIENT_FILE RESOURCE`.
// CLIENT_FILE holds {"client_id": ..., "alg": "ES384", "jwks": {"keys": [...]}}; it prints "ready" when it listens.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, file, resource] = process.argv.slice(2);
const { client_id, alg, jwks } = JSON.parse(readFileSync(file, 'utf8'));
const scope = 'system/Patient.read system/Observation.read system/DiagnosticReport.read';

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id,
      jwks,
      scope,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg,
    },
  ],
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({ scope, accessTokenTTL: 120 }),
    },
  },
  scopes: scope.split(' '),
});

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
