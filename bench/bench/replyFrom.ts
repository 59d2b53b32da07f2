/** A relay on @fastify/reply-from, as its documentation shows it: argv is the upstream; prints its port. */
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
process.stdout.write(`${typeof address === 'object' && address ? address.port : ''}\n`);
process.on('disconnect', () => process.exit(0));
