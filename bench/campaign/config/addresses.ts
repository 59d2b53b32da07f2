/** Which addresses a campaign may send to: this machine alone, as long as `safety` does not work. */
import { BlockList } from 'node:net';
import type { z } from 'zod';

type Check = (value: string, context: z.RefinementCtx) => void;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Is it this machine's own address? WHATWG URL has already unfolded `127.1`, `0x7f.1` and the like. */
export const isLoopback = (hostname: string): boolean => {
  if (hostname === 'localhost') return true;
  const isIpv6 = hostname.startsWith('[');
  const address = isIpv6 ? hostname.slice(1, -1) : hostname;
  if (!isIpv6 && !/^\d+(\.\d+){3}$/.test(address)) return false;
  return loopback.check(address, isIpv6 ? 'ipv6' : 'ipv4');
};

const parse = (value: string): URL | undefined => (URL.canParse(value) ? new URL(value) : undefined);

/** A base URL without credentials, query or fragment. */
export const attachUrl: Check = (value, context) => {
  const url = parse(value);
  const plain = url?.protocol === 'http:' && !url.username && !url.password && !/[?#]/.test(value);
  if (!plain) context.addIssue({ code: 'custom', message: 'an http:// URL without user, query or fragment' });
};

/** Exactly `http://127.0.0.1:PORT`: the testbed's tools listen on that port themselves. */
export const upstreamUrl: Check = (value, context) => {
  const port = Number(/^http:\/\/127\.0\.0\.1:(\d{4,5})\/?$/.exec(value)?.[1]);
  if (!(port >= 1024 && port <= 65_535)) {
    context.addIssue({ code: 'custom', message: 'http://127.0.0.1:PORT with a port from 1024 to 65535' });
  }
};

/** Base URL as the agents use it. */
export const baseUrl = (value: string): string => value.replace(/\/+$/, '');
export const portOf = (value: string): number => Number(new URL(value).port || 80);
