import { compareAll, type Contestant } from '../pairs.ts'
import { load } from '../load.ts'
import type { Row } from '../row.ts'
import { startEtcd } from '../secrets/etcd.ts'
import { floorRequest, startFloor } from '../secrets/floor.ts'
import { credentialWith, newSecret, openVaultScene } from '../secrets/scene.ts'

export const row: Row = {
  id: 'P-VA-2',
  title: 'write a new secret of 100 bytes, sealed, audited and durable, 32 at a time',
  run: async effort => {
    await using etcd = await startEtcd()
    await using scene = await openVaultScene(1)
    const { database, tls, stored } = scene
    await using floor = await startFloor(database, {
      server: tls.vault,
      client: tls['session-proxy'],
      service: 'vault',
    })
    const deviceId = stored[0]?.deviceId ?? ''
    // Each of 50 users may write 100 times a second: together more than can be served.
    const count = effort.quick ? 500 : 3_000
    let serial = 0
    const contestant = (
      name: string,
      processes: number[],
      write: (id: number) => Promise<unknown>,
    ): Contestant => ({
      name,
      processes,
      run: async () => (await load(count, 32, async () => void (await write((serial += 1))))).perSecond,
    })
    const compared = await compareAll(
      effort,
      contestant('ours', [scene.vault.pid, database.pid], async id =>
        scene.credentials.createCredential(
          credentialWith(newSecret(), `new-${id}`, deviceId),
          await scene.token(id),
        ),
      ),
      [
        contestant('floor: gRPC, GCM, one durable statement', [floor.pid, database.pid], id =>
          floor.call('write', floorRequest(id, newSecret())),
        ),
        contestant('etcd put, no TLS', [etcd.pid], id => etcd.put(`secret-${id}`, newSecret())),
      ],
    )
    return compared.map(one => ({
      what: 'secrets written',
      unit: '/s',
      ...one,
      target: `≥ 0.5 × ${one.peer.name}`,
      reached: one.ratio >= 0.5,
      note: 'a credential with its secret, its device and its audit record; OpenBao cannot be installed',
    }))
  },
}
