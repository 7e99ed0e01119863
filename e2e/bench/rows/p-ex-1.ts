import { createLinuxAccount, type LinuxAccount } from '@sallyport/targets/linux-account'
import { acceptsPassword } from '@sallyport/targets/password-login'
import { eventually } from '@sallyport/testing/eventually'
import pg from 'pg'
import { operationsOf, setPolicy } from '../../support/rotation.ts'
import {
  type Guarded,
  guard,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from '../../support/stage.ts'
import { load } from '../load.ts'
import { compare } from '../pairs.ts'
import { Missing, type Row } from '../row.ts'

const plenty = { read: 1_000_000, write: 1_000_000, login: 1_000_000, secret: 1_000_000, badTokens: 300 }
/** As many as execution works on at a time. */
const atOnce = 4

/** Orders a change of each, and waits until all have ended well. */
const rotateAll = async ({ admin: { api } }: Stage, all: readonly Guarded[]): Promise<void> => {
  for (const { credentialId } of all) await api.post(`/credentials/${credentialId}/rotate`)
  for (const one of all) {
    await eventually(async () => {
      const [newest] = await operationsOf(api, one)
      if (newest?.state === 'failed' || newest?.state === 'unknown') throw new Error(newest.message)
      return newest?.state === 'succeeded'
    }, 120_000)
  }
}

/** What no way around costs: two logins with a password, and two commits. */
const floor = async (host: LinuxHost, pool: pg.Pool, count: number, { username, password }: LinuxAccount) => {
  const login = async (): Promise<void> => {
    const at = { address: '127.0.0.1', port: host.server.port, username }
    if (!(await acceptsPassword(at, password))) throw new Error('the password is refused')
  }
  const commit = (): Promise<unknown> =>
    pool.query(`insert into public.commits (what) values (repeat('x', 300))`)
  const done = await load(count, atOnce, async () => {
    await login()
    await commit()
    await login()
    await commit()
  })
  return done.perSecond
}

export const row: Row = {
  id: 'P-EX-1',
  title: 'change passwords on a real OpenSSH server: sign in, change, verify, store',
  run: async effort => {
    const missing = await noLinuxHost()
    if (missing) throw new Missing(missing)
    await using stack = new AsyncDisposableStack()
    const stage = stack.use(await openStage({ limits: plenty }))
    const host = stack.use(await openLinuxHost())
    const pool = new pg.Pool({ connectionString: stage.platform.database.server.adminUrl('sallyport') })
    stack.defer(() => pool.end())
    await pool.query('create table public.commits (id bigserial primary key, what text)')
    const count = effort.quick ? 8 : 40
    const all: Guarded[] = []
    for (let number = 0; number < count; number += 1) {
      const account = stack.use(await createLinuxAccount({ prefix: 'sp-bench', shell: '/bin/sh' }))
      const one = await guard(stage.admin.api, { server: host.server, account }, 'bench')
      await setPolicy(stage.admin.api, one)
      all.push(one)
    }
    const { ours, peer, ratio } = await compare(
      effort,
      {
        name: 'ours',
        processes: [process.pid],
        run: async () => {
          const began = performance.now()
          await rotateAll(stage, all)
          return count / ((performance.now() - began) / 1000)
        },
      },
      {
        name: 'two logins and two commits',
        processes: [process.pid],
        run: () => floor(host, pool, count, host.account),
      },
    )
    return [
      {
        what: `${count} accounts, ${atOnce} at a time`,
        unit: '/s',
        ours,
        peer,
        ratio,
        target: '≥ 0.6 × floor, ≥ 15 /s',
        reached: ratio >= 0.6 && ours.value >= 15,
        note: 'a session with passwd and a login that proves the new password each; all services in one process',
      },
    ]
  },
}
