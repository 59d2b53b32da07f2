/** A search over documents. */
import { pageOf, type Service, seededPages, sentence, someDay } from './service.ts';

const pages = seededPages('search', (random) => ({
  id: `doc-${random.int(1_000_000)}`,
  title: sentence(random, 3),
  date: someDay(random),
  snippet: sentence(random, 8),
}));

export const search: Service = {
  tool: 'search',
  handlers: { query: (call) => `{"hits":${pageOf(pages, call)}}` },
};
