"""The reports that the acts name: what each is called, who needs it, and how it is made from the pages' own queries."""
