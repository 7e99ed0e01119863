import { load } from '../load.ts'
import { compare } from '../pairs.ts'
import type { Row } from '../row.ts'
import { readSecrets } from '../secrets/reading.ts'
import { openVaultScene } from '../secrets/scene.ts'

export const row: Row = {
  id: 'P-VA-3',
  title: 'reads whose audit record is durable before the answer, which all of ours are',
  run: async effort => {
    await using scene = await openVaultScene(effort.quick ? 200 : 1_000)
    const { superuser, pid } = scene.database
    await superuser.query('create table public.commits (id bigserial primary key, what text)')
    const count = effort.quick ? 3_000 : 20_000
    const { ours, peer, ratio } = await compare(
      effort,
      {
        name: 'ours',
        processes: [scene.vault.pid, pid],
        run: async () => (await readSecrets(scene, count, 64)).perSecond,
      },
      {
        name: 'PostgreSQL commits, one row each',
        processes: [pid],
        run: async () =>
          (
            await load(count, 32, async () => {
              await superuser.query({
                name: 'commit',
                text: `insert into public.commits (what) values (repeat('x', 300))`,
              })
            })
          ).perSecond,
      },
    )
    const { rows } = await superuser.query<{ count: string }>('select count(*) from vault.used_nonces')
    const note = `64 at a time; ${rows[0]?.count} grants used up`
    return [
      {
        what: 'audited durable reads',
        unit: '/s',
        ours,
        peer,
        ratio,
        target: '≥ 3,000 /s',
        reached: ours.value >= 3_000,
        note,
      },
    ]
  },
}
