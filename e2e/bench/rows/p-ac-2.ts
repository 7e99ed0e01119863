import { randomUUID } from 'node:crypto'
import { Action } from '@sallyport/contracts/access_control/v1/access'
import { type AccessScene, openAccessScene } from '../access/scene.ts'
import { load } from '../load.ts'
import { compare, type Contestant, measure } from '../pairs.ts'
import type { Measurement, Row } from '../row.ts'
import { startFloor } from '../secrets/floor.ts'

const atOnce = 32
const rule = { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 0 }

const allowAll = async (scene: AccessScene): Promise<void> => {
  await scene.accessGroups.createAccessGroup(
    {
      definition: {
        name: 'bench',
        description: '',
        // Nobody puts himself into an access group.
        userIds: scene.users.slice(1).map(({ id }) => id),
        userGroupIds: [],
        criteria: undefined,
        view: undefined,
        session: rule,
        approverUserIds: [],
        approverGroupIds: [],
      },
    },
    await scene.by(0),
  )
}

/** Grants by so many users that none of them is over his budget of 50 a second. */
const issueGrants = (
  scene: AccessScene,
  count: number,
): Contestant & { p99: () => number; ids: string[] } => {
  let p99 = 0
  const ids: string[] = []
  return {
    name: 'ours',
    processes: [scene.service.pid, scene.database.pid],
    p99: () => p99,
    ids,
    run: async () => {
      const callers = await Promise.all(scene.users.slice(1).map((_, index) => scene.by(index + 1)))
      const done = await load(count, atOnce, async index => {
        const question = {
          credentialId: randomUUID(),
          deviceId: randomUUID(),
          action: Action.SESSION,
          sourceAddress: '',
        }
        const { grant } = await scene.grants.issueGrant(question, callers[index % callers.length])
        if (grant === undefined) throw new Error('no grant')
        ids.push(grant.id)
      })
      p99 = done.p99
      return done.perSecond
    },
  }
}

export const row: Row = {
  id: 'P-AC-2',
  title: 'decisions over gRPC with mTLS, 32 at a time',
  run: async effort => {
    await using scene = await openAccessScene(101)
    await allowAll(scene)
    await using floor = await startFloor(scene.database, {
      server: scene.tls['access-control'],
      client: scene.tls.gateway,
      service: 'access-control',
    })
    const echo: Contestant = {
      name: 'gRPC echo',
      processes: [floor.pid],
      run: async () =>
        (
          await load(
            effort.quick ? 3_000 : 20_000,
            atOnce,
            async () => void (await floor.call('echo', Buffer.alloc(300))),
          )
        ).perSecond,
    }
    const issuing = issueGrants(scene, effort.quick ? 500 : 3_000)
    const issued = await compare(effort, issuing, echo)
    const checking: Contestant = {
      name: 'ours',
      processes: [scene.service.pid, scene.database.pid],
      run: async () => {
        const { perSecond } = await load(effort.quick ? 1_000 : 10_000, atOnce, async index => {
          const grantIds = [issuing.ids[index % issuing.ids.length] ?? '']
          const { goodGrantIds } = await scene.asVault.checkGrants({ tenantId: scene.tenantId, grantIds })
          if (goodGrantIds.length !== 1) throw new Error('a good grant is said to be none')
        })
        return perSecond
      },
    }
    const checked = await compare(effort, checking, echo)
    const p99 = await measure(effort, {
      ...issuing,
      run: async () => {
        await issuing.run()
        return issuing.p99()
      },
    })
    const target = '≥ 0.8 × gRPC echo'
    const lines: Measurement[] = [
      {
        what: 'decided, granted, audited durably and signed',
        unit: '/s',
        ...issued,
        target,
        reached: issued.ratio >= 0.8,
        note: 'the echo writes nothing',
      },
      { what: 'is a grant still good', unit: '/s', ...checked, target, reached: checked.ratio >= 0.8 },
      { what: 'granted: p99', unit: 'ms', ours: p99, target: 'p99 ≤ 5 ms', reached: p99.value <= 5 },
    ]
    return lines
  },
}
