/**
 * Certificates for one block's listeners, by an authority of their own that lives in memory for as long as it issues them
 * (profile: RFC 5280 §4). Agents and gateways are told to trust it; nobody else ever sees it, and its private key cannot
 * leave this process.
 */
import { randomBytes, webcrypto } from 'node:crypto';
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  RelativeDistinguishedNames,
  Time,
} from 'pkijs';
import type { TlsIdentity } from '#contract/config.ts';
import { tlsHost } from '#contract/names.ts';

export interface Certifier {
  /** The authority's own certificate, PEM. */
  readonly ca: string;
  /** A new key, and its certificate as a server under `tlsHost` and 127.0.0.1. */
  issue(): Promise<TlsIdentity>;
}

/** What most public authorities issue today, and the cheapest in a handshake. */
const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' };
/** Longer than any block, and room for a clock that was set back. */
const valid_ms = 48 * 3_600_000;

const authorityName = 'Weighbridge block authority';

export async function openCertifier(): Promise<Certifier> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, false, ['sign', 'verify']);
  const own = await certificateOf({
    subject: authorityName,
    key: keys.publicKey,
    signer: keys.privateKey,
    extensions: [
      extension('2.5.29.19', true, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema()),
      keyUsage(usage.certSign),
    ],
  });
  return {
    ca: own,
    async issue() {
      const { publicKey, privateKey } = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
      const certificate = await certificateOf({
        subject: tlsHost,
        key: publicKey,
        signer: keys.privateKey,
        extensions: serverExtensions(),
      });
      return { certificate, key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', privateKey)) };
    },
  };
}

interface CertificateInput {
  subject: string;
  key: webcrypto.CryptoKey;
  /** The authority's. */
  signer: webcrypto.CryptoKey;
  extensions: Extension[];
}

async function certificateOf({ subject, key, signer, extensions }: CertificateInput): Promise<string> {
  const now_ms = Date.now();
  const certificate = new Certificate({
    version: 2,
    // RFC 5280 §4.1.2.2: positive, so the first bit is clear, and unique.
    serialNumber: new Integer({ valueHex: Uint8Array.from([0x40, ...randomBytes(15)]).buffer }),
    issuer: nameOf(authorityName),
    subject: nameOf(subject),
    notBefore: new Time({ value: new Date(now_ms - valid_ms) }),
    notAfter: new Time({ value: new Date(now_ms + valid_ms) }),
    extensions,
  });
  await certificate.subjectPublicKeyInfo.importKey(key);
  await certificate.sign(signer, 'SHA-256');
  return pem('CERTIFICATE', certificate.toSchema(true).toBER(false));
}

const nameOf = (commonName: string): RelativeDistinguishedNames =>
  new RelativeDistinguishedNames({
    typesAndValues: [new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value: commonName }) })],
  });

const extension = (extnID: string, critical: boolean, value: { toBER(sizeOnly?: boolean): ArrayBuffer }): Extension =>
  new Extension({ extnID, critical, extnValue: value.toBER(false) });

/** RFC 5280 §4.2.1.3: a bit per use, counted from the highest. */
const usage = { signature: { bits: 0x80, unused: 7 }, certSign: { bits: 0x04, unused: 2 } };
const keyUsage = ({ bits, unused }: { bits: number; unused: number }): Extension =>
  extension('2.5.29.15', true, new BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits: unused }));

/** Names are type 2, addresses type 7 (RFC 5280 §4.2.1.6). */
const serverExtensions = (): Extension[] => [
  keyUsage(usage.signature),
  extension('2.5.29.37', false, new ExtKeyUsage({ keyPurposes: ['1.3.6.1.5.5.7.3.1'] }).toSchema()),
  extension(
    '2.5.29.17',
    false,
    new GeneralNames({
      names: [
        new GeneralName({ type: 2, value: tlsHost }),
        new GeneralName({ type: 7, value: new OctetString({ valueHex: Uint8Array.of(127, 0, 0, 1).buffer }) }),
      ],
    }).toSchema(),
  ),
];

function pem(label: string, der: ArrayBuffer): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
