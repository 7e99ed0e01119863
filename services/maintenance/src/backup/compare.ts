import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCheckpointFile } from '@sallyport/audit/checkpoints/checkpoint-files'
import { checkpointLine } from '@sallyport/audit/checkpoints/checkpoint-line'
import { runVerify } from '@sallyport/audit/verify'
import type { Contents } from '../store/count-rows.ts'
import type { Manifest } from './manifest.ts'

/** What is not in a restored database as the manifest says that it was. */
export const differencesOf = (manifest: Manifest, { rows, heads, rootKeyIds }: Contents): string[] => {
  const counts = manifest.tables.flatMap(({ schema, name, rows: wanted }) => {
    const found = rows.get(`${schema}.${name}`) ?? 0
    return found === wanted ? [] : [`${schema}.${name} has ${found} rows instead of ${wanted}`]
  })
  const ends = manifest.heads.flatMap(({ tenantId, sequence, mac }) => {
    const found = heads.find(head => head.tenantId === tenantId)
    const isSame = found?.sequence === sequence && found.mac === mac
    return isSame ? [] : [`the audit trail of tenant ${tenantId} does not end where it ended`]
  })
  const ring = manifest.keys.find(({ name }) => name === 'vault-root')
  const missing = ring ? rootKeyIds.filter(id => !ring.ids.includes(id)) : []
  return [
    ...counts,
    ...ends,
    ...missing.map(id => `secrets are sealed under ${id}, which is not in the backup`),
  ]
}

type TrailOptions = {
  readonly chainKeyFile: string
  readonly checkpointDirectory?: string | undefined
  readonly scratchDirectory: string
}

/** What `audit verify` says of the trails in a restored database that are not as they were written. */
export const brokenTrails = async (
  { chainKeyFile, checkpointDirectory, scratchDirectory }: TrailOptions,
  manifest: Manifest,
  databaseUrl: string,
): Promise<string[]> => {
  const lines: string[] = []
  const args = ['--key-file', chainKeyFile]
  if (checkpointDirectory)
    args.push('--checkpoints', await checkpointsOfThen(checkpointDirectory, manifest, scratchDirectory))
  const environment = { SALLYPORT_AUDIT_VERIFY_DATABASE_URL: databaseUrl }
  const code = await runVerify(args, environment, line => lines.push(line))
  if (code === 0) return []
  const bad = lines.filter(line => !line.includes(': ok, ')).map(line => `audit: ${line}`)
  return bad.length > 0 ? bad : ['audit: the trail could not be verified']
}

/** The trail has gone on since: what was signed later is not asked of the backup. */
const checkpointsOfThen = async (
  directory: string,
  { heads }: Manifest,
  scratchDirectory: string,
): Promise<string> => {
  const target = join(scratchDirectory, 'checkpoints')
  await mkdir(target, { recursive: true, mode: 0o700 })
  for (const { tenantId, sequence } of heads) {
    const signed = await readCheckpointFile(directory, tenantId)
    const then = signed.filter(checkpoint => checkpoint.sequence <= sequence).map(checkpointLine)
    await writeFile(join(target, `${tenantId}.ndjson`), then.join('\n'), { mode: 0o600 })
  }
  return target
}
