"""Mutation testing: would the unit tests notice if the code that judges were wrong?"""
