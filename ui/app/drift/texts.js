// @ts-check
/** What the page says of drift, which only who looks at it needs: another file of each language. */

import { language, texts } from "../texts.js";

const file = await fetch(new URL(`../../texts/drift/${language}.json`, import.meta.url));
Object.assign(texts, await file.json());
