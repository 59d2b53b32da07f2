/** Looking for secrets that are known, in whatever was written (norm 33). */

export interface Canary {
  /** `access token of the agent`; never the secret itself. */
  kind: string;
  secret: string;
}

export interface Text {
  /** `log of weighbridge-agent`. */
  where: string;
  text: string;
}

export interface Found {
  kind: string;
  where: string;
}

/** Shorter ones would be found by chance. */
const shortest_chars = 16;

/** A secret as it may stand in a text: as it is, as part of a URL, encoded; of a JWT also its signature alone. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const signature = /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(secret)?.[1];
  // The end of a base64 text depends on what follows it, so up to two characters of it are no part of the secret.
  const encoded = [bytes.toString('base64'), bytes.toString('base64url')].map((t) => t.replace(/=+$/, '').slice(0, -2));
  const forms = [
    secret,
    encodeURIComponent(secret),
    ...encoded,
    bytes.toString('hex'),
    ...(signature ? [signature] : []),
  ];
  return [...new Set(forms)].filter((form) => form.length >= shortest_chars);
}

/** Every secret in every text, each pair once. */
export function search(canaries: readonly Canary[], texts: readonly Text[]): Found[] {
  return canaries.flatMap(({ kind, secret }) => {
    const forms = formsOf(secret);
    return texts.filter(({ text }) => forms.some((form) => text.includes(form))).map(({ where }) => ({ kind, where }));
  });
}

const secretKeys = new Set(['client_secret', 'push_secret', 'secret', 'secrets']);

/** Secrets in a configuration, by the names of its keys; what a `secrets` holds is all secret. */
export function secretsIn(config: unknown, kind: string): Canary[] {
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    if (!secretKeys.has(key)) return secretsIn(value, kind);
    const values = typeof value === 'object' && value !== null ? Object.values(value) : [value];
    return values.filter((v) => typeof v === 'string').map((secret) => ({ kind: `${kind}: ${key}`, secret }));
  });
}
