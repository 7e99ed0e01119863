import { translateFailure } from './failure.ts'

/** Runs one SQL statement, in whatever transaction stands behind it. Values are always parameters. */
export type Sql = {
  /**
   * @param name for hot statements: each connection keeps the plan under it. Always the same text, and one that names
   *   its columns: a plan for `*` breaks when a migration adds one.
   */
  readonly query: <R>(text: string, params: readonly unknown[], name?: string) => Promise<R[]>
}

/** The raw half of a Prisma transaction. */
export type RawTransaction = {
  readonly $queryRawUnsafe: <T>(query: string, ...values: unknown[]) => PromiseLike<T>
}

/** Raw SQL in a Prisma transaction, for what Prisma cannot say: locks, claims, the outbox. */
export const sqlOf = (tx: RawTransaction): Sql => ({
  query: async (text, params) => tx.$queryRawUnsafe(text, ...params),
})

/** Raw SQL on a `pg` client or pool. Throws SallyportError `service.unavailable` if the database cannot be reached. */
export const sqlOfPg = (client: {
  query: (statement: { text: string; values: unknown[]; name?: string }) => Promise<{ rows: unknown[] }>
}): Sql => ({
  query: async <R>(text: string, params: readonly unknown[], name?: string) => {
    try {
      return (await client.query({ text, values: [...params], ...(name && { name }) })).rows as R[]
    } catch (thrown) {
      throw translateFailure(thrown)
    }
  },
})
