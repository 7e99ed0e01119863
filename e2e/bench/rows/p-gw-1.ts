import { join } from 'node:path'
import { openAccessScene } from '../access/scene.ts'
import { startChild } from '../child.ts'
import type { GatewayInput } from '../edge/gateway-process.ts'
import { startHaproxy } from '../edge/haproxy.ts'
import { hammer } from '../edge/wrk.ts'
import { compare, median } from '../pairs.ts'
import type { Row } from '../row.ts'

/** What one of them may ask in a second is limited. */
const people = 64

export const row: Row = {
  id: 'P-GW-1',
  title: 'an authenticated GET of a small JSON from one upstream',
  run: async effort => {
    await using scene = await openAccessScene(people)
    const input: GatewayInput = { tls: scene.tls.gateway, upstream: scene.service.ready }
    await using gateway = await startChild<string>(
      join(import.meta.dirname, '../edge/gateway-process.ts'),
      input,
    )
    const page = `${gateway.ready}/v1/me`
    const tokens = scene.users.map(({ token }) => token)
    const answer = await fetch(page, { headers: { authorization: `Bearer ${tokens[0]}` } })
    const body = await answer.text()
    if (answer.status !== 200) throw new Error(body)
    await using floor = await startChild<string>(join(import.meta.dirname, '../edge/floor-process.ts'), {
      body,
    })
    await using haproxy = await startHaproxy(floor.ready)
    const p99s: Record<'ours' | 'floor', number[]> = { ours: [], floor: [] }
    const compared = await compare(
      effort,
      {
        name: 'ours',
        processes: [gateway.pid, scene.service.pid, scene.database.pid],
        run: async () => {
          const { perSecond, p99 } = await hammer(page, effort.seconds, tokens)
          p99s.ours.push(p99)
          return perSecond
        },
      },
      {
        name: 'fastify behind haproxy',
        processes: [floor.pid, haproxy.pid],
        run: async () => {
          const { perSecond, p99 } = await hammer(`${haproxy.url}/hello`, effort.seconds)
          p99s.floor.push(p99)
          return perSecond
        },
      },
    )
    const [p99, floorP99] = [median(p99s.ours), median(p99s.floor)]
    const note = `${body.length} bytes; who asks is looked up in PostgreSQL each time, so that a revocation counts at once`
    return [
      {
        what: 'GET /v1/me, 32 connections, 64 people',
        unit: '/s',
        ...compared,
        target: '≥ 0.35 × floor, ≥ 5,000 /s',
        reached: compared.ratio >= 0.35 && compared.ours.value >= 5_000,
        note,
      },
      {
        what: 'the same: p99',
        unit: 'ms',
        ours: { ...compared.ours, value: p99 },
        peer: { ...compared.peer, value: floorP99 },
        ratio: p99 / floorP99,
        target: '≤ 3 × floor',
        reached: p99 / floorP99 <= 3,
      },
    ]
  },
}
