/** A file store in which every id has a file. What is written is acknowledged, and the seeded content stays. */
import { deleted, pageOf, type Service, seededPages, sentence } from './service.ts';

const pages = seededPages('files', (random) => ({ heading: sentence(random, 2), text: sentence(random, 20) }));

export const files: Service = {
  tool: 'files',
  handlers: {
    read_file: (call) => `{"id":${JSON.stringify(call.args.get('id'))},"sections":${pageOf(pages, call)}}`,
    write_file: (call) => `{"id":${JSON.stringify(call.args.get('id'))},"version":"${call.digest}"}`,
    delete_file: deleted,
  },
};
