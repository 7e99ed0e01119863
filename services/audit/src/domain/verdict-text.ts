import type { Finding, Verdict } from './verify-chain.ts'

const sentences: Readonly<Record<Finding['problem'], (sequence: number) => string>> = {
  edited: sequence => `record ${sequence} was edited`,
  removed: sequence => `record ${sequence} was removed`,
  inserted: sequence => `a record was inserted at ${sequence}`,
  reordered: sequence => `record ${sequence} is not in its place: records were reordered`,
  'cut off': sequence => `the trail was cut off: record ${sequence} and what followed it is gone`,
  rewritten: sequence => `from record ${sequence} on it is not the trail that was signed: it was rewritten`,
  'forged checkpoint': sequence => `the checkpoint at record ${sequence} was not signed with this key`,
}

/** What was found, for a person. */
export const findingText = ({ problem, badSequence }: Finding): string => sentences[problem](badSequence)

/** The verdict in one line, for a person. */
export const verdictText = ({ records, checkpoints, finding }: Verdict): string =>
  finding
    ? `${findingText(finding)} (${records} records before it are intact)`
    : `ok, ${records} records, ${checkpoints} checkpoints`
