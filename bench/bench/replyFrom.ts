/** A relay on @fastify/reply-from, as its documentation shows it: argv is the upstream; prints its URL. */
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';

const upstream = process.argv[2]!;
const app = fastify({ keepAliveTimeout: 130_000 });
await app.register(replyFrom, {
  base: upstream,
  undici: { connections: 128, pipelining: 1, keepAliveTimeout: 120_000 },
});
app.all('/*', (request, reply) => reply.from(request.url));
await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
if (typeof address === 'object' && address) process.stdout.write(`http://127.0.0.1:${address.port}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
