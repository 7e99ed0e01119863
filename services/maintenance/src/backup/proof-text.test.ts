import { describe, expect, it } from 'vitest'
import { keyNames } from './key-material.ts'
import { proofMetrics, proofText, spanOf } from './proof-text.ts'
import type { Proof } from './prove-backup.ts'

const proof: Proof = {
  backup: '20261123T013700Z-0123abcd',
  provedAt: new Date('2026-11-23T02:37:00Z'),
  snapshotAt: new Date('2026-11-23T01:37:00Z'),
  recoveryPointSeconds: 3_600,
  recoveryTimeSeconds: 4.25,
  tables: 64,
  rows: 530,
  auditRecords: 106,
  recordings: 1,
  keys: keyNames,
  differences: [],
}

describe('A proof', () => {
  it('tells the recovery point and time, and what was compared', () => {
    expect(proofText(proof)).toBe(`Proved: backup 20261123T013700Z-0123abcd
  recovery point  2026-11-23T01:37:00.000Z, 60.0 min ago
  recovery time   4.3 s
  compared        530 rows of 64 tables, 106 audit records, 1 recordings
  keys in it      access-control, vault-root, recordings, audit-chain, ssh-host-key`)
  })

  it('names every difference, and the keys that are not in the backup', () => {
    const text = proofText({ ...proof, keys: ['audit-chain'], differences: ['one', 'two'] })
    expect(text).toContain('NOT AS IT WAS')
    expect(text).toContain('NOT in it: access-control, vault-root, recordings, ssh-host-key')
    expect(text.endsWith('\n  - one\n  - two')).toBe(true)
  })

  it('is told to Prometheus as good or not', () => {
    expect(proofMetrics(proof)).toContain(
      '# TYPE sallyport_backup_proof_good gauge\nsallyport_backup_proof_good 1\n',
    )
    expect(proofMetrics(proof)).toContain('sallyport_backup_snapshot_timestamp_seconds 1795397820\n')
    expect(proofMetrics({ ...proof, differences: ['one'] })).toContain('sallyport_backup_proof_good 0\n')
  })

  it.each([
    [1, '1.0 s'],
    [600, '10.0 min'],
    [86_400, '24.0 h'],
  ])('tells %d seconds as %s', (seconds, text) => expect(spanOf(seconds)).toBe(text))
})
