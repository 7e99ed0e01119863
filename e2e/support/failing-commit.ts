import pg from 'pg'

/** A database that fails whenever a transaction with a certain change in it is about to commit. */
export type CommitFault = {
  readonly hasStruck: () => Promise<boolean>
  readonly mend: () => Promise<void>
}

/** Strikes at the last moment before the commit, when everything else has been done. `url` is the superuser's. */
export const failCommits = async (
  url: string,
  verb: 'insert' | 'update',
  table: string,
): Promise<CommitFault> => {
  await run(
    url,
    // Sequences are not rolled back: this one remembers that it has struck.
    `create sequence public.strikes;
     create function public.strike() returns trigger language plpgsql security definer as $$
       begin
         perform nextval('public.strikes');
         raise exception 'no space left' using errcode = 'disk_full';
       end $$;
     create constraint trigger strike after ${verb} on ${table}
       deferrable initially deferred for each row execute function public.strike()`,
  )
  return {
    hasStruck: async () =>
      (await run(url, 'select is_called from public.strikes'))[0]?.['is_called'] === true,
    mend: async () =>
      void (await run(
        url,
        `drop trigger strike on ${table}; drop function public.strike(); drop sequence public.strikes`,
      )),
  }
}

const run = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows ?? []
  } finally {
    await client.end()
  }
}
