import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcesses } from '../../support/processes.ts'
import { startChild } from '../child.ts'
import { contestantOf, gatewayLimits, hireCouples } from '../cluster/main-job.ts'
import type { StandaloneReady } from '../cluster/standalone-process.ts'
import { compare } from '../pairs.ts'
import type { Row } from '../row.ts'

const couples = 8

export const row: Row = {
  id: 'SPLIT',
  title: 'the main job’s REST calls by separate processes over mTLS, beside all services in one process',
  run: async effort => {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-split-'))
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    // PostgreSQL runs as another user when we are root.
    await chmod(directory, 0o711)
    const platform = stack.use(await startProcesses({ environment: { gateway: gatewayLimits } }))
    const standalone = stack.use(
      await startChild<StandaloneReady>(join(import.meta.dirname, '../cluster/standalone-process.ts'), {
        directory,
      }),
    )
    const pids = [
      ...Object.values(platform.services).map(service => service.pid()),
      await platform.postgres.pid(),
    ]
    const ours = contestantOf('six processes', pids, await hireCouples(platform, couples), effort)
    const peer = contestantOf(
      'one process',
      [standalone.pid],
      await hireCouples(standalone.ready, couples),
      effort,
    )
    const compared = await compare(effort, ours, peer)
    const [p99, peerP99] = [ours.p99(), peer.p99()]
    return [
      {
        what: `targets, request, list, approve, revoke by ${couples} couples: calls`,
        unit: '/s',
        ...compared,
        target: '≥ 0.5 × one process',
        reached: compared.ratio >= 0.5,
      },
      {
        what: 'the same: p99',
        unit: 'ms',
        ours: { ...compared.ours, value: p99 },
        peer: { ...compared.peer, value: peerP99 },
        ratio: p99 / peerP99,
        target: '≤ 2 × one process',
        reached: p99 <= 2 * peerP99,
      },
    ]
  },
}
