import { z } from 'zod';

export const blackholeConfig = z.strictObject({});
