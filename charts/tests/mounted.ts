import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Container, PodTemplate } from './pods.ts'

/** What stands in a file of a Secret, so that it can be read as what it is for. */
type Content = (path: string) => string

/** Lays out below `root` the files that a container would find where its volumes are mounted. */
export const mountSecrets = (
  root: string,
  { spec }: PodTemplate,
  container: Container,
  content: Content,
): void => {
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = (spec.volumes ?? []).find(each => each.name === name)
    if (volume === undefined)
      throw new Error(`${container.name} mounts ${name}, which is no volume of its pod`)
    const items = [
      ...(volume.secret?.items ?? []),
      ...(volume.projected?.sources ?? []).flatMap(({ secret }) => secret.items),
    ]
    for (const { path } of items) {
      const inside = join(mountPath, path)
      mkdirSync(dirname(join(root, inside)), { recursive: true })
      writeFileSync(join(root, inside), content(inside))
    }
  }
}

/** The container’s environment, with paths below `root` in place of the container’s. */
export const environmentBelow = (root: string, { env = [] }: Container): Readonly<Record<string, string>> =>
  Object.fromEntries(
    env.map(({ name, value = 'from the pod' }) => [
      name,
      value.startsWith('/etc/') || value.startsWith('/var/lib/') ? join(root, value) : value,
    ]),
  )
