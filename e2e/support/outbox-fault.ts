import type { Superuser } from './superuser.ts'

const schemas = ['access_control', 'vault', 'execution', 'session_proxy', 'audit'] as const

/** Ways in which no service can record anything any more. */
const outboxFaults = {
  'a full disk': '53100',
  'a trigger that refuses': 'P0001',
  'a right that is gone': undefined,
} as const

export type OutboxFault = keyof typeof outboxFaults

export const faultNames: readonly OutboxFault[] = [
  'a full disk',
  'a trigger that refuses',
  'a right that is gone',
]

/** Breaks every service's outbox. Disposing it mends them. */
export const breakOutboxes = async (db: Superuser, fault: OutboxFault): Promise<AsyncDisposable> => {
  const state = outboxFaults[fault]
  const everywhere = async (statement: (schema: string) => string): Promise<void> => {
    for (const schema of schemas) await db.query(statement(schema))
  }
  if (state === undefined) {
    await everywhere(schema => `revoke insert on ${schema}.outbox from sallyport_${schema}`)
    return {
      [Symbol.asyncDispose]: () =>
        everywhere(schema => `grant insert on ${schema}.outbox to sallyport_${schema}`),
    }
  }
  await db.query(`create function public.refuse() returns trigger language plpgsql as $$
    begin raise exception 'nothing more' using errcode = '${state}'; end $$`)
  await everywhere(
    schema =>
      `create trigger refuse before insert on ${schema}.outbox for each row execute function public.refuse()`,
  )
  return {
    [Symbol.asyncDispose]: async () => {
      await db.query('drop function public.refuse cascade')
    },
  }
}
