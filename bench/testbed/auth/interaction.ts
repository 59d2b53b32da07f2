/**
 * The login without a person: the provider sends the browser to an interaction page, and this page answers by itself.
 * It logs the client's one account in and consents to what was asked, over real redirects and cookies, so that an
 * agent needs only to follow them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { accountOf } from './provider.ts';

export async function answerInteraction(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const { params } = await provider.interactionDetails(req, res);
    const clientId = String(params.client_id);
    const accountId = accountOf(clientId);
    const grant = new provider.Grant({ accountId, clientId });
    const scope = typeof params.scope === 'string' ? params.scope : '';
    // The provider has refused scopes beyond the client's and resources that are not its own before it came here.
    for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(String(resource), scope);
    grant.addOIDCScope(scope);
    await provider.interactionFinished(req, res, {
      login: { accountId },
      consent: { grantId: await grant.save() },
    });
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) throw error;
    res.writeHead(400, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ error: error.error, error_description: error.error_description }));
  }
}
