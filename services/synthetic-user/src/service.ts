import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { setDefaultCACertificates } from 'node:tls'
import { readPrivateFile } from '@sallyport/crypto/private-file'
import { Secret } from '@sallyport/crypto/secret'
import { serveHealth } from '@sallyport/telemetry/health'
import { createLogger, type Logger } from '@sallyport/telemetry/logger'
import { openMeter } from '@sallyport/telemetry/metrics'
import { type Account, accountOf } from './account.ts'
import type { AccountConfig, SyntheticUserConfig } from './config.ts'
import { nextStart } from './pace.ts'
import { type Outcome, run, type RunDeps } from './run.ts'
import { sshDoor } from './ssh-door.ts'

type Deps = Omit<RunDeps, 'onStep'>

/** What tests replace. */
export type SyntheticUserOverrides = {
  readonly deps?: Deps
  /** Waits until then, by `performance.now()`; false once it was told to stop. */
  readonly waited?: (until: number, signal: AbortSignal) => Promise<boolean>
  readonly log?: Logger
}

/** Reads the secrets and opens nothing yet. */
export const prepare = async (config: SyntheticUserConfig): Promise<Deps> => {
  // For this process, which calls nobody else.
  if (config.tlsAuthority !== undefined) setDefaultCACertificates([config.tlsAuthority])
  const stepMs = config.stepSeconds * 1000
  const known = async ({ userName, passwordFile, totpFile }: AccountConfig) => ({
    tenant: config.tenant,
    userName,
    password: await readLine(passwordFile),
    totp: await readLine(totpFile),
  })
  const [user, approver] = await Promise.all([known(config.user), known(config.approver)])
  const account = (of: typeof user): Account => accountOf(config.apiUrl, of, { deadlineMs: stepMs })
  return {
    user: account(user),
    approver: account(approver),
    door: sshDoor({
      ...config.ssh,
      loginName: `${config.tenant}/${config.user.userName}[${config.target}]`,
      password: user.password,
      patienceMs: stepMs,
    }),
    revealed: config.revealed,
    newWord: () => `run${randomBytes(8).toString('hex')}`,
    stepMs,
  }
}

const readLine = async (path: string): Promise<Secret> => {
  using content = (await readPrivateFile(path)).content
  return Secret.fromUtf8(content.bytes().toString('utf8').trimEnd())
}

/** Runs at every beat until the signal; the run that is under way is finished. Tells how it goes at the health port. */
export const keepRunning = async (
  config: SyntheticUserConfig,
  signal: AbortSignal,
  overrides: SyntheticUserOverrides = {},
): Promise<void> => {
  const { waited = waitUntil, log = createLogger('synthetic-user', config.logLevel) } = overrides
  const deps = overrides.deps ?? (await prepare(config))
  await using opened = new AsyncDisposableStack()
  const meter = opened.use(openMeter(err => log.warn({ err }, 'A metric could not be read')))
  let lastSuccess = 0
  let succeeded = true
  meter.gauge('sallyport_synthetic_last_success_timestamp_seconds', () => lastSuccess)
  const uses = { 'the last run': () => succeeded }
  if (config.health) opened.use(await serveHealth({ ...config.health, needs: {}, uses, meter, log }))
  const everyMs = config.everySeconds * 1000
  // One that was here just before may have used the codes of this minute.
  let next = performance.now() + 60_000
  while (await waited(next, signal)) {
    const startedAt = performance.now()
    const outcome = await run({
      ...deps,
      onStep: (step, seconds) => meter.time('sallyport_synthetic_step_seconds', seconds, { step }),
    })
    succeeded = outcome.succeeded
    if (succeeded) lastSuccess = Math.floor(Date.now() / 1000)
    meter.count('sallyport_synthetic_runs_total', { outcome: nameOf(outcome) })
    tell(log, outcome)
    next = nextStart(startedAt, performance.now(), everyMs)
  }
}

const nameOf = (outcome: Outcome): string => (outcome.succeeded ? 'succeeded' : outcome.failure.step)

const tell = (log: Logger, outcome: Outcome): void => {
  if (outcome.succeeded) return log.info('The synthetic user got through')
  const { failure, left } = outcome
  log.error({ step: failure.step, told: failure.message }, 'The synthetic user did not get through')
  if (left !== undefined)
    log.error({ err: left }, 'A request of the synthetic user may be left until its window ends')
}

const waitUntil = (until: number, signal: AbortSignal): Promise<boolean> =>
  setTimeout(Math.max(0, until - performance.now()), true, { signal }).catch(() => false)
