"""PDF bytes -> text and what is wrong with it, in processes that may die without harming us."""
