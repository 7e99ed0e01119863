import { crashPoint } from '@sallyport/config/crash-point'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import { SallyportError } from '@sallyport/errors/error'
import type { Access, IssuedGrant, Target } from '../clients/access.ts'
import type { Revocations } from '../clients/revocations.ts'
import { openRecorder } from '../recording/recorder.ts'
import type { RecordingStore } from '../recording/recording-store.ts'
import type { SessionLedger, Visitor } from '../store/session-ledger.ts'
import { type LiveSession, liveSession, type SessionFacts } from './live-session.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { RevocationWatch } from './revocation-watch.ts'

export type OpeningDeps = {
  readonly access: Pick<Access, 'issueGrant'>
  readonly revocations: Pick<Revocations, 'check'>
  readonly watch: Pick<RevocationWatch, 'isHealthy' | 'reasonOf'>
  readonly recordings: Pick<RecordingStore, 'create'>
  readonly recordingKeys: Pick<RootKeyProvider, 'wrap'>
  readonly ledger: Pick<SessionLedger, 'started'>
  readonly sessions: LiveSessions
  readonly clock: { now(): Date }
  readonly newId: () => string
}

export type Opening = {
  readonly visitor: Visitor
  readonly token: string
  readonly target: Target
  readonly kind: 'shell' | 'exec'
  readonly command: string
  readonly screen: { readonly cols: number; readonly rows: number; readonly term?: string }
}

/**
 * Opens a session: grant, recorder, ledger, in this order; and nothing is released before all three stand.
 * INVARIANT: no grant, no recorder, no audit record, no confirmation that the grant still holds: no session.
 */
export const openSession = async (
  deps: OpeningDeps,
  opening: Opening,
): Promise<{ session: LiveSession; statement: string }> => {
  if (!deps.sessions.isOpen()) throw new SallyportError('session.refused', 'The session proxy is stopping.')
  const grant = await deps.access.issueGrant(opening.token, opening.target, opening.visitor.sourceAddress)
  const facts = factsOf(opening, grant, deps.newId(), deps.clock.now())
  const recorder = await openRecorder(
    { store: deps.recordings, keys: deps.recordingKeys, clock: deps.clock },
    { tenantId: facts.tenantId, sessionId: facts.id },
    {
      ...opening.screen,
      startedAt: facts.startedAt,
      title: `${facts.userName} as ${facts.targetName}`,
      ...(facts.kind === 'exec' && { command: facts.command }),
    },
  )
  const session = liveSession(facts, recorder)
  // From here on a revocation finds the session; one that came before is remembered by the watch.
  deps.sessions.add(session)
  try {
    await confirm(deps, facts)
    await deps.ledger.started(facts)
    crashPoint('after session row')
  } catch (error) {
    deps.sessions.remove(session)
    await recorder.end(undefined)
    throw error
  }
  return { session, statement: grant.statement }
}

const factsOf = (opening: Opening, grant: IssuedGrant, id: string, startedAt: Date): SessionFacts => ({
  id,
  ...opening.visitor,
  credentialId: opening.target.credentialId,
  deviceId: opening.target.deviceId,
  targetName: opening.target.name,
  grantId: grant.grantId,
  requestId: grant.requestId,
  protocol: 'ssh',
  kind: opening.kind,
  command: opening.command,
  startedAt,
  endsAt: grant.endsAt,
})

const confirm = async ({ watch, revocations }: OpeningDeps, facts: SessionFacts): Promise<void> => {
  const revoked = watch.reasonOf(facts.grantId)
  if (revoked !== undefined) throw new SallyportError('grant.revoked', revoked)
  if (watch.isHealthy()) return
  const { good } = await revocations.check(facts.tenantId, [facts.grantId]).catch((error: unknown) => {
    throw new SallyportError('session.unconfirmed', undefined, { cause: error })
  })
  if (!good.has(facts.grantId)) throw new SallyportError('grant.revoked')
}
