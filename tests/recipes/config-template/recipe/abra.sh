#!/bin/bash
export APP_INI_VERSION=v2
