"""The node's database: tables, queries and migrations. All SQL of the project stands in this package."""
