import { describeEngine } from './contract.ts';
import { openInline } from './open-inline.ts';

describeEngine('the inline engine', openInline);
