/** The tables of spans and log records under way: the hot path of the store, so written out by hand. */
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import type { LogRow, Origin, SpanRow } from './rows.ts';

/** OTLP's status codes: unset, ok, error. */
const statuses = 3;

/** A span's seldom fields. JSON has no lone surrogates; DuckDB refuses them when the block ends. */
function rest({ trace_state, status_message }: SpanRow): string {
  if (trace_state === '' && status_message === '') return '';
  return JSON.stringify([trace_state.toWellFormed(), status_message.toWellFormed()]);
}

export class Staging {
  readonly #origins: DuckDBAppender;
  readonly #spans: DuckDBAppender;
  readonly #logs: DuckDBAppender;
  readonly #originNumbers = new Map<string, number>();
  /** Rows of one request share the origin as an object. */
  #lastOrigin: Origin | undefined;
  #lastNumber = 0;

  private constructor(origins: DuckDBAppender, spans: DuckDBAppender, logs: DuckDBAppender) {
    this.#origins = origins;
    this.#spans = spans;
    this.#logs = logs;
  }

  static async open(connection: DuckDBConnection): Promise<Staging> {
    const appender = (table: string) => connection.createAppender(table, undefined, 'temp');
    return new Staging(await appender('origins'), await appender('staged_spans'), await appender('staged_logs'));
  }

  addSpans(rows: readonly SpanRow[]): void {
    const appender = this.#spans;
    for (const row of rows) {
      const origin = row.origin === this.#lastOrigin ? this.#lastNumber : this.#numberOf(row.origin);
      appender.appendInteger(origin);
      appender.appendBigInt(row.start_ns);
      appender.appendUBigInt(row.duration_ns);
      appender.appendVarchar(row.trace_id + row.span_id + row.parent_span_id);
      appender.appendVarchar(row.name);
      appender.appendUTinyInt(row.kind * statuses + row.status);
      appender.appendVarchar(row.attributes);
      appender.appendVarchar(rest(row));
      appender.endRow();
    }
  }

  addLogs(rows: readonly LogRow[]): void {
    const appender = this.#logs;
    for (const row of rows) {
      const origin = row.origin === this.#lastOrigin ? this.#lastNumber : this.#numberOf(row.origin);
      appender.appendInteger(origin);
      appender.appendBigInt(row.time_ns);
      appender.appendVarchar(row.trace_id);
      appender.appendVarchar(row.span_id);
      appender.appendUTinyInt(row.flags);
      appender.appendVarchar(row.severity_text);
      appender.appendUTinyInt(row.severity);
      appender.appendVarchar(row.body);
      appender.appendVarchar(row.attributes);
      appender.endRow();
    }
  }

  #numberOf(origin: Origin): number {
    const { service, resource_attributes, scope_name, scope_version } = origin;
    const key = JSON.stringify([service, resource_attributes, scope_name, scope_version]);
    let number = this.#originNumbers.get(key);
    if (number === undefined) {
      number = this.#originNumbers.size;
      this.#originNumbers.set(key, number);
      this.#origins.appendInteger(number);
      for (const text of [service, resource_attributes, scope_name, scope_version]) this.#origins.appendVarchar(text);
      this.#origins.endRow();
    }
    this.#lastOrigin = origin;
    this.#lastNumber = number;
    return number;
  }

  /** After the tables were emptied. */
  forgetOrigins(): void {
    this.#originNumbers.clear();
    this.#lastOrigin = undefined;
  }

  flush(): void {
    this.#origins.flushSync();
    this.#spans.flushSync();
    this.#logs.flushSync();
  }

  close(): void {
    this.#origins.closeSync();
    this.#spans.closeSync();
    this.#logs.closeSync();
  }
}
