import { z } from 'zod'
import type { Target } from '../domain/criteria.ts'

const schema = z.object({
  credentialId: z.string(),
  deviceId: z.string(),
  username: z.string(),
  domain: z.string(),
  credentialType: z.string(),
  credentialTags: z.array(z.string()),
  criticality: z.string(),
  deviceName: z.string(),
  deviceAddress: z.string(),
  deviceType: z.string(),
  deviceSite: z.string(),
  deviceTags: z.array(z.string()),
})

type Tags = 'credentialTags' | 'deviceTags'

/** A target as a row keeps it. */
export type StoredTarget = Omit<Target, Tags> & Record<Tags, string[]>

export const storedTarget = (target: Target): StoredTarget => ({
  ...target,
  credentialTags: [...target.credentialTags],
  deviceTags: [...target.deviceTags],
})

export const readTarget = (stored: unknown): Target => schema.parse(stored)
