/**
 * Plugin signatures (norm 12): Ed25519 (RFC 8032) over the digest of the canonical manifest and the digest of each other
 * file of the plugin's folder. They are checked where a plugin is installed and where it is loaded, and nowhere else:
 * no call pays for them. A signature says who vouched for these files; it does not say that they are the newest.
 */
import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { canonicalJson } from '#contract/json.ts';
import { keyId, keyOfTyped, typedKey } from '#contract/noteKeys.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const publisherPattern = /^([^\s+]{1,100})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/;

const signatureSchema = z.strictObject({
  algorithm: z.literal('Ed25519'),
  /** Name and key id of who signed: `name+0123abcd`. */
  publisher: z.string().regex(/^[^\s+]{1,100}\+[0-9a-f]{8}$/),
  /** Of the canonical manifest, hex. */
  manifest_sha256: digest,
  /** Of each other file, by its path within the folder, with `/`. A lone surrogate has no canonical form: nobody signed one. */
  files: z.record(
    z.string().refine((path) => path.isWellFormed()),
    digest,
  ),
  /** Base64 of the 64 bytes. */
  signature: z.base64().length(88),
});
export type PluginSignature = z.infer<typeof signatureSchema>;

/** What is signed: the manifest as parsed, and the other files as bytes, the signature's own file left out. */
export interface SignedContents {
  readonly manifest: unknown;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export type SignatureState =
  | { readonly state: 'signed'; readonly publisher: string }
  | { readonly state: 'unsigned' | 'altered' | 'untrusted' | 'malformed'; readonly detail: string };

/** Whoever's plugins are loaded. */
export interface Publisher {
  /** `name+0123abcd`, as signatures name it. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Another use of the same key cannot pass for this one. */
const context = 'weighbridge-plugin-signature-v1';

/** SHA-256 (hex) of the canonical manifest, whose formatting does not count, and of each other file. */
export const digestsOf = ({ manifest, files }: SignedContents): Pick<PluginSignature, 'manifest_sha256' | 'files'> => ({
  manifest_sha256: hash('sha256', canonicalJson(manifest)),
  files: Object.fromEntries([...files].map(([path, bytes]) => [path, hash('sha256', bytes)])),
});

const statementOf = ({ publisher, manifest_sha256, files }: Omit<PluginSignature, 'algorithm' | 'signature'>): Buffer =>
  Buffer.from(canonicalJson({ context, publisher, manifest_sha256, files }));

/** @param privateKey an Ed25519 one, of the publisher of this name */
export function signPlugin(contents: SignedContents, name: string, privateKey: KeyObject): PluginSignature {
  const publisher = publisherId(name, privateKey);
  const digests = digestsOf(contents);
  const signature = sign(null, statementOf({ publisher, ...digests }), privateKey).toString('base64');
  return { algorithm: 'Ed25519', publisher, ...digests, signature };
}

/**
 * @param signature text of the plugin's `signature.json`; undefined where there is none
 * @param publishers those whose plugins are trusted
 */
export function judgeSignature(
  contents: SignedContents,
  signature: string | undefined,
  publishers: readonly Publisher[],
): SignatureState {
  if (signature === undefined) return { state: 'unsigned', detail: 'it has no signature.json' };
  const signed = parseSignature(signature);
  if (!signed) return { state: 'malformed', detail: 'its signature.json is not one' };
  const publisher = publishers.find(({ id }) => id === signed.publisher);
  if (!publisher) return { state: 'untrusted', detail: `its publisher ${signed.publisher} is not trusted` };
  if (!verify(null, statementOf(signed), publisher.key, Buffer.from(signed.signature, 'base64'))) {
    return { state: 'altered', detail: 'its signature.json was altered' };
  }
  const differences = differencesOf(signed, digestsOf(contents));
  if (differences.length > 0) return { state: 'altered', detail: differences.join(', ') };
  return { state: 'signed', publisher: publisher.id };
}

function parseSignature(text: string): PluginSignature | undefined {
  try {
    return signatureSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

type Digests = ReturnType<typeof digestsOf>;

function differencesOf(signed: Digests, found: Digests): string[] {
  const paths = [...new Set([...Object.keys(signed.files), ...Object.keys(found.files)])].sort();
  return [
    ...(signed.manifest_sha256 === found.manifest_sha256 ? [] : ['manifest.json was altered']),
    ...paths.flatMap((path) => {
      const before = Object.hasOwn(signed.files, path) ? signed.files[path] : undefined;
      const now = Object.hasOwn(found.files, path) ? found.files[path] : undefined;
      if (before === now) return [];
      if (before === undefined) return [`${path} was added`];
      return [`${path} was ${now === undefined ? 'removed' : 'altered'}`];
    }),
  ];
}

/** Name and key id, as signed notes have them. */
function publisherId(name: string, key: KeyObject): string {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new WeighbridgeError('CONFIG', `plugins are signed with Ed25519, and this key is ${key.asymmetricKeyType}`, {
      mend: 'make one: claw plugin key --name <publisher> --out key.pem',
    });
  }
  if (!/^[^\s+]{1,100}$/.test(name) || !name.isWellFormed()) {
    throw new WeighbridgeError('CONFIG', `"${name}" is no publisher’s name`, { mend: 'no spaces, and no +' });
  }
  return `${name}+${keyId(name, key).toString('hex')}`;
}

/** A publisher's line for the configuration, `name+id+key`: a verifier key of C2SP signed-note. */
export const publisherLine = (name: string, key: KeyObject): string =>
  `${publisherId(name, key)}+${typedKey(key).toString('base64')}`;

/** @throws WeighbridgeError CONFIG where a line is none, or its id is not its key's */
export const parsePublishers = (lines: readonly string[]): Publisher[] => lines.map(parsePublisher);

function parsePublisher(line: string): Publisher {
  const [, name, id, encoded] = publisherPattern.exec(line) ?? [];
  const key = keyOfTyped(Buffer.from(encoded ?? '', 'base64'));
  if (name !== undefined && key && publisherId(name, key) === `${name}+${id}`) return { id: `${name}+${id}`, key };
  throw new WeighbridgeError('CONFIG', `not a publisher’s key: ${line}`, {
    where: 'plugins.trusted_publishers',
    mend: 'take the line that `claw plugin key` printed: name+id+key',
  });
}
