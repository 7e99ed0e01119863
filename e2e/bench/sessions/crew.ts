import { randomBytes } from 'node:crypto'
import type { Api } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'

/** People who each sign in with the same key and a second factor of their own. */
export type Crew = {
  /** The first part of a login name, and a one-time code that is good now. Each in turn. */
  readonly next: () => Promise<{ readonly userName: string; readonly code: string }>
  readonly people: readonly Person[]
}

/** @param publicKey as OpenSSH writes it */
export const hireCrew = async (admin: Api, size: number, publicKey: string): Promise<Crew> => {
  const roles = await admin.get<{ items: { id: string; name: string }[] }>('/roles?limit=200')
  const roleIds = roles.items.filter(({ name }) => name === 'user').map(({ id }) => id)
  const hire = async (): Promise<Person> => {
    const userName = `crew-${randomBytes(4).toString('hex')}`
    const { initialPassword } = await admin.post<{ initialPassword: string }>('/users', { userName, roleIds })
    const person = await signInFirst(admin.baseUrl, { userName, initialPassword })
    await person.api.post('/me/ssh-keys', { name: 'bench', publicKey })
    return person
  }
  const people: Person[] = []
  while (people.length < size) people.push(...(await Promise.all([hire(), hire()])))
  let turn = 0
  return {
    people,
    next: async () => {
      const person = people[turn % people.length]
      if (person === undefined) throw new Error('nobody was hired')
      turn += 1
      return { userName: person.userName, code: await person.nextCode() }
    },
  }
}
