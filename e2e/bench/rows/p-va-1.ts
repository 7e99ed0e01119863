import { compareAll, type Contestant } from '../pairs.ts'
import { load } from '../load.ts'
import type { Measurement, Row } from '../row.ts'
import { startEtcd } from '../secrets/etcd.ts'
import { floorRequest, startFloor } from '../secrets/floor.ts'
import { readSecrets } from '../secrets/reading.ts'
import { openVaultScene } from '../secrets/scene.ts'

const atOnce = 32

export const row: Row = {
  id: 'P-VA-1',
  title: 'read a secret of 100 bytes against a grant, audited durably, 32 at a time',
  run: async effort => {
    await using etcd = await startEtcd()
    await using scene = await openVaultScene(effort.quick ? 200 : 1_000)
    const { database, tls, stored } = scene
    await using floor = await startFloor(database, {
      server: tls.vault,
      client: tls['session-proxy'],
      service: 'vault',
    })
    for (const [index, { secret }] of stored.entries()) {
      await floor.call('write', floorRequest(index, secret))
      await etcd.put(String(index), secret)
    }
    const count = effort.quick ? 3_000 : 20_000
    const contestant = (
      name: string,
      processes: number[],
      read: (index: number) => Promise<Buffer>,
    ): Contestant => ({
      name,
      processes,
      run: async () => {
        const done = await load(count, atOnce, async index => {
          const place = index % stored.length
          if (!stored[place]?.secret.equals(await read(place))) throw new Error(`${name}: a wrong secret`)
        })
        return done.perSecond
      },
    })
    const ours: Contestant = {
      name: 'ours',
      processes: [scene.vault.pid, database.pid],
      run: async () => (await readSecrets(scene, count, atOnce)).perSecond,
    }
    const [beside, etcdGet] = await compareAll(effort, ours, [
      contestant('floor: gRPC, GCM, one durable statement', [floor.pid, database.pid], place =>
        floor.call('read', floorRequest(place)),
      ),
      contestant('etcd get, no audit, no TLS', [etcd.pid], place => etcd.get(String(place))),
    ])
    if (beside === undefined || etcdGet === undefined) throw new Error('there were two peers')
    const what = 'reads of 100 B, 32 at a time'
    const note = 'OpenBao cannot be installed from the registries: floors stand in'
    const lines: Measurement[] = [
      { what, unit: '/s', ...beside, target: '≥ 0.6 × floor', reached: beside.ratio >= 0.6, note },
      { what, unit: '/s', ...etcdGet, target: '≥ 0.6 × etcd get', reached: etcdGet.ratio >= 0.6 },
    ]
    return lines
  },
}
