import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proofMetrics, proofText } from './proof-text.ts'
import { type Proof, proveBackup, type ProveOptions } from './prove-backup.ts'

type RunOptions = Omit<ProveOptions, 'scratchDirectory'> & {
  /** Where the scratch database is made, and removed; the system’s temporary directory unless given. */
  readonly scratchRoot?: string | undefined
  /** For Prometheus’ collector of text files. */
  readonly metricsFile?: string | undefined
  readonly json: boolean
  readonly print: (text: string) => void
}

/** Proves a backup and tells the result. @returns the exit status: 0 if everything is as it was */
export const runProof = async (options: RunOptions): Promise<0 | 1> => {
  const { scratchRoot = tmpdir(), metricsFile, json, print } = options
  const scratchDirectory = await mkdtemp(join(scratchRoot, 'sallyport-proof-'))
  try {
    // As root, PostgreSQL runs as another user.
    await chmod(scratchDirectory, 0o711)
    const proof = await proveBackup({ ...options, scratchDirectory })
    print(json ? JSON.stringify(proof) : proofText(proof))
    if (metricsFile) await writeMetrics(metricsFile, proof)
    return proof.differences.length === 0 ? 0 : 1
  } finally {
    await rm(scratchDirectory, { recursive: true, force: true })
  }
}

/** The collector must not read half of it. */
const writeMetrics = async (path: string, proof: Proof): Promise<void> => {
  await writeFile(`${path}.new`, proofMetrics(proof), { mode: 0o644 })
  await rename(`${path}.new`, path)
}
