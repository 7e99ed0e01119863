import { keyNames } from './key-material.ts'
import type { Proof } from './prove-backup.ts'

/** A proof for a person. */
export const proofText = (proof: Proof): string =>
  [
    `${proof.differences.length === 0 ? 'Proved' : 'NOT AS IT WAS'}: backup ${proof.backup}`,
    `  recovery point  ${proof.snapshotAt.toISOString()}, ${spanOf(proof.recoveryPointSeconds)} ago`,
    `  recovery time   ${spanOf(proof.recoveryTimeSeconds)}`,
    `  compared        ${proof.rows} rows of ${proof.tables} tables, ${proof.auditRecords} audit records, ` +
      `${proof.recordings} recordings`,
    `  keys in it      ${keysOf(proof.keys)}`,
    ...proof.differences.map(line => `  - ${line}`),
  ].join('\n')

/** Somebody who reads it must see what they have to keep elsewhere. */
const keysOf = (keys: readonly string[]): string => {
  const missing = keyNames.filter(name => !keys.includes(name))
  const others = missing.length > 0 ? `; NOT in it: ${missing.join(', ')}` : ''
  return `${keys.join(', ') || 'none'}${others}`
}

/** A proof for Prometheus’ collector of text files. */
export const proofMetrics = (proof: Proof): string =>
  [
    ['sallyport_backup_proof_good', proof.differences.length === 0 ? 1 : 0],
    ['sallyport_backup_proved_timestamp_seconds', proof.provedAt.getTime() / 1000],
    ['sallyport_backup_snapshot_timestamp_seconds', proof.snapshotAt.getTime() / 1000],
    ['sallyport_backup_recovery_time_seconds', proof.recoveryTimeSeconds],
  ]
    .map(([name, value]) => `# TYPE ${name} gauge\n${name} ${value}\n`)
    .join('')

export const spanOf = (seconds: number): string => {
  if (seconds < 120) return `${seconds.toFixed(1)} s`
  return seconds < 7_200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
