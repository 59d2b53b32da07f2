/** Appending to a table by column name; what the table holds is said in its SQL file alone. */
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { WeighbridgeError } from '#contract/errors.ts';

type Value = string | number | bigint | boolean | null;

interface Kind {
  /** Says whether the value may stand in the column. */
  fits: (value: unknown) => boolean;
  append: (appender: DuckDBAppender, value: never) => void;
}

const int64 = 2n ** 63n;
const kinds: Record<string, Kind> = {
  VARCHAR: {
    fits: (value) => typeof value === 'string',
    append: (appender, value: string) => appender.appendVarchar(value),
  },
  BOOLEAN: {
    fits: (value) => typeof value === 'boolean',
    append: (appender, value: boolean) => appender.appendBoolean(value),
  },
  INTEGER: {
    fits: (value) => Number.isInteger(value) && (value as number) === ((value as number) | 0),
    append: (appender, value: number) => appender.appendInteger(value),
  },
  BIGINT: {
    fits: (value) => (typeof value === 'bigint' ? value >= -int64 && value < int64 : Number.isSafeInteger(value)),
    append: (appender, value: bigint | number) => appender.appendBigInt(BigInt(value)),
  },
};

interface Column extends Kind {
  name: string;
  nullable: boolean;
}

/** A temporary table whose rows come as objects: calls, attempts, resources. */
export class NamedTable {
  readonly #name: string;
  readonly #columns: readonly Column[];
  readonly #appender: DuckDBAppender;

  private constructor(name: string, columns: readonly Column[], appender: DuckDBAppender) {
    this.#name = name;
    this.#columns = columns;
    this.#appender = appender;
  }

  static async open(connection: DuckDBConnection, name: string): Promise<NamedTable> {
    const described = (await connection.runAndReadAll(`DESCRIBE ${name}`)).getRowObjectsJson();
    const columns = described.map((column) => {
      const kind = kinds[String(column.column_type)];
      if (!kind) throw new Error(`${name}.${column.column_name}: no way to append ${column.column_type}`);
      return { ...kind, name: String(column.column_name), nullable: column.null === 'YES' };
    });
    return new NamedTable(name, columns, await connection.createAppender(name, undefined, 'temp'));
  }

  /** Rows that were checked. */
  add(rows: readonly object[]): void {
    for (const row of rows) {
      for (const column of this.#columns) {
        const value = (row as Record<string, Value>)[column.name]!;
        if (value === null) this.#appender.appendNull();
        else column.append(this.#appender, value as never);
      }
      this.#appender.endRow();
    }
  }

  /**
   * To be called before `add`: a value that does not fit would leave half a row in the appender, and spoil all later ones.
   * @throws WeighbridgeError STORE
   */
  check(rows: readonly object[]): void {
    for (const row of rows) {
      for (const { name, nullable, fits } of this.#columns) {
        const value = (row as Record<string, unknown>)[name];
        if (value === null ? nullable : fits(value)) continue;
        const got = value === undefined || value === null ? String(value) : `${typeof value} ${String(value)}`;
        throw new WeighbridgeError('STORE', `${this.#name}.${name} cannot be ${got}`);
      }
    }
  }

  flush(): void {
    this.#appender.flushSync();
  }

  close(): void {
    this.#appender.closeSync();
  }
}
