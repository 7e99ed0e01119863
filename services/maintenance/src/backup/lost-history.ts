import { open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCheckpointFile } from '@sallyport/audit/checkpoints/checkpoint-files'
import { checkpointLine } from '@sallyport/audit/checkpoints/checkpoint-line'
import type { AuditHead, Manifest } from './manifest.ts'

/** How far each tenant’s trail was signed in the second place, where that is more than a backup has. */
export const lostHistory = async (
  directory: string,
  { heads }: Pick<Manifest, 'heads'>,
): Promise<ReadonlyMap<string, number>> => {
  const lost = new Map<string, number>()
  for (const head of heads) {
    const signed = await readCheckpointFile(directory, head.tenantId)
    const last = Math.max(0, ...signed.map(({ sequence }) => sequence))
    if (last > head.sequence) lost.set(head.tenantId, last)
  }
  return lost
}

/**
 * Puts the checkpoints of what a restore lost into a file of their own, beside the others: nothing is deleted, and
 * `audit verify` compares the trail with what it can have.
 */
export const setAside = async (directory: string, head: AuditHead, backupId: string): Promise<void> => {
  const all = await readCheckpointFile(directory, head.tenantId)
  const linesOf = (keep: (sequence: number) => boolean): string =>
    all
      .filter(({ sequence }) => keep(sequence))
      .map(checkpoint => `${checkpointLine(checkpoint)}\n`)
      .join('')
  const path = join(directory, `${head.tenantId}.ndjson`)
  const aside = join(directory, `${head.tenantId}.lost-by-${backupId}.ndjson`)
  await writeDurably(
    aside,
    linesOf(sequence => sequence > head.sequence),
  )
  await writeDurably(
    `${path}.new`,
    linesOf(sequence => sequence <= head.sequence),
  )
  await rename(`${path}.new`, path)
}

const writeDurably = async (path: string, content: string): Promise<void> => {
  await writeFile(path, content, { mode: 0o600 })
  await using file = await open(path, 'r')
  await file.sync()
}
