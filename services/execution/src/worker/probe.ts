import type { BegunRotation } from '../clients/vault.ts'
import type { Answer, Probed } from '../domain/rotation/decide.ts'
import type { Executor } from '../executors/executor.ts'
import { ownSignIn } from './tag-values.ts'

type Deps = { executor: Pick<Executor, 'probe'>; signal: AbortSignal; guard: () => void }

/** Asks the target about both secrets, the likelier one first. */
export const probeBoth = async (
  deps: Deps,
  rotation: BegunRotation,
  first: 'candidate' | 'current',
  onCandidateWorks: () => Promise<void> = async () => {},
): Promise<Probed> => {
  const askCandidate = async (): Promise<Answer> => {
    const answer = await ask(deps, rotation, rotation.candidate)
    if (answer === 'works') await onCandidateWorks()
    return answer
  }
  if (first === 'candidate') {
    const candidate = await askCandidate()
    // A target that is away for one is away for the other.
    if (candidate === 'unreachable') return { candidate, current: candidate }
    const current = await askCurrent(deps, rotation)
    // A change whose connection was cut may have been made between the two questions.
    const between = candidate === 'refused' && current === 'refused'
    return { candidate: between ? await askCandidate() : candidate, current }
  }
  const current = await askCurrent(deps, rotation)
  return { current, candidate: current === 'unreachable' ? current : await askCandidate() }
}

/** Where there was no secret yet, nothing can be left that works. */
const askCurrent = async (deps: Deps, rotation: BegunRotation): Promise<Answer> =>
  rotation.current === undefined ? 'refused' : ask(deps, rotation, rotation.current)

const ask = (
  { executor, signal, guard }: Deps,
  rotation: BegunRotation,
  secret: BegunRotation['candidate'],
) => {
  guard()
  return executor.probe(rotation.target, ownSignIn(rotation, secret), signal)
}
