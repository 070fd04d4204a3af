"""Files saved from «Школьный портал» and Dnevnik.ru: journals, КТП, sign-ins (sources page, 5.2)."""
