import { randomUUID } from 'node:crypto'
import { Action } from '@sallyport/contracts/access_control/v1/access'
import { type AccessScene, openAccessScene } from '../access/scene.ts'
import type { RequestOptions } from '@sallyport/rpc/client'
import { load } from '../load.ts'
import { compare, measure } from '../pairs.ts'
import type { Row } from '../row.ts'

const approvers = 5
const needed = 3

const askForApproval = async (scene: AccessScene): Promise<void> => {
  await scene.accessGroups.createAccessGroup(
    {
      definition: {
        name: 'bench',
        description: '',
        userIds: scene.users.slice(1 + approvers).map(({ id }) => id),
        userGroupIds: [],
        criteria: undefined,
        view: undefined,
        session: { allowed: true, justification: true, approvals: needed, maxWindowSeconds: 0 },
        approverUserIds: scene.users.slice(1, 1 + approvers).map(({ id }) => id),
        approverGroupIds: [],
      },
    },
    await scene.by(0),
  )
}

/** Pending requests of people who are not there. */
const addPending = async ({ database, tenantId, users }: AccessScene, count: number): Promise<void> => {
  await database.superuser.query(
    `insert into access_control.requests (id, tenant_id, requester_id, requester_name, credential_id, device_id, target,
       action, state, justification, requested_start, requested_end, start_at, end_at, approvals_needed,
       max_window_seconds, approver_user_ids, approver_group_ids, version, created_at)
     select gen_random_uuid(), $1, gen_random_uuid(), 'someone', gen_random_uuid(), gen_random_uuid(), '{}', 'session',
       'pending', 'because I must', now(), now() + interval '8 hours', now(), now() + interval '8 hours', 3, 28800, $3,
       '{}', 1, now() from generate_series(1, $2::int)`,
    [tenantId, count, users.slice(1, 3).map(({ id }) => id)],
  )
  await database.superuser.query('analyze access_control.requests')
}

/** One request from its making to where it is good: asked for, and approved by three people. */
const approveOne = async (
  scene: AccessScene,
  callers: readonly RequestOptions[],
  requester: number,
): Promise<void> => {
  const asked = {
    credentialId: randomUUID(),
    deviceId: randomUUID(),
    action: Action.SESSION,
    justification: 'because I have to do it now',
    start: undefined,
    end: undefined,
  }
  let { request } = await scene.requests.createRequest(asked, callers[requester])
  for (let approver = 1; approver <= needed; approver += 1) {
    const vote = {
      id: request?.id ?? '',
      version: request?.version ?? 0,
      comment: '',
      start: undefined,
      end: undefined,
    }
    ;({ request } = await scene.requests.approveRequest(vote, callers[approver]))
  }
  const approvals = request?.approvals.filter(({ approved }) => approved).length
  if (approvals !== needed) throw new Error(`${approvals} approvals`)
}

export const row: Row = {
  id: 'P-AC-3',
  title: 'a request from asking to its third approval',
  run: async effort => {
    await using scene = await openAccessScene(60)
    await askForApproval(scene)
    const { superuser, pid } = scene.database
    await superuser.query('create table public.commits (id bigserial primary key, what text)')
    const count = effort.quick ? 20 : 100
    const ours = {
      name: 'ours',
      processes: [scene.service.pid, pid],
      run: async () => {
        const callers = await Promise.all(scene.users.map((_, user) => scene.by(user)))
        return (await load(count, 1, index => approveOne(scene, callers, 10 + (index % 40)))).perSecond
      },
    }
    const commits = {
      name: 'three commits',
      processes: [pid],
      run: async () =>
        (
          await load(count * 4, 1, async () => {
            for (let commit = 0; commit < 3; commit += 1) {
              await superuser.query({
                name: 'commit',
                text: `insert into public.commits (what) values (repeat('x', 300))`,
              })
            }
          })
        ).perSecond,
    }
    await addPending(scene, 1_000)
    const few = await compare(effort, ours, commits)
    const pending = effort.quick ? 100_000 : 1_000_000
    await addPending(scene, pending)
    const many = await measure(effort, ours)
    const growth = few.ours.value / many.value
    return [
      {
        what: 'approved with 1 k pending',
        unit: '/s',
        ...few,
        target: '≥ 0.5 × three commits',
        reached: few.ratio >= 0.5,
        note: 'one after the other: four calls over mTLS',
      },
      {
        what: `the same with ${pending.toLocaleString('en')} pending`,
        unit: '/s',
        ours: many,
        peer: few.ours,
        ratio: growth,
        target: '≤ 1.3 × the time with 1 k',
        reached: growth <= 1.3,
      },
    ]
  },
}
